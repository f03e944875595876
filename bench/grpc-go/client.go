package main

import (
	"fmt"
	"time"

	"google.golang.org/grpc/credentials"
)

const transferBytes = 8 * 1024 * 1024

type client struct {
	address     string
	credentials credentials.TransportCredentials
	connection  Connection
	held        []Connection
}

func newClient(place Place, address string) (*client, error) {
	credentials, err := mutualTLS(place.Client.Directory)
	return &client{address: address, credentials: credentials}, err
}

func (c *client) operate(request Request) (reply, error) {
	switch request.Operation {
	case "connect":
		return c.connect()
	case "calls":
		return c.calls(request)
	case "transfer":
		return c.transfer(request)
	case "reconnect":
		return c.reconnect(request)
	case "hold":
		return c.hold(request.Connections)
	default:
		return usageOnly(request)
	}
}

func (c *client) connect() (reply, error) {
	if c.connection.ClientConn != nil {
		c.connection.Close()
	}
	var err error
	c.connection, err = dial(c.address, c.credentials)
	return reply{}, err
}

func (c *client) calls(request Request) (reply, error) {
	payload := make([]byte, request.PayloadBytes)
	beside := c.streamBeside(request)
	durations, elapsed, err := inLanes(request.InFlight, request.Seconds, func() (time.Duration, error) {
		start := time.Now()
		length, err := c.connection.echo(payload)
		if err == nil && length != len(payload) {
			err = fmt.Errorf("the echo has another length")
		}
		return time.Since(start), err
	})
	if besideErr := <-beside; err == nil {
		err = besideErr
	}
	answer := reply{"count": len(durations), "seconds": elapsed.Seconds()}
	if request.InFlight == 1 {
		answer["p50Ms"], answer["p99Ms"], answer["p999Ms"] =
			percentileMs(durations, 500), percentileMs(durations, 990), percentileMs(durations, 999)
	}
	return answer, err
}

// streamBeside keeps the connection busy for as long as the calls run.
func (c *client) streamBeside(request Request) <-chan error {
	done := make(chan error, 1)
	if request.BesideBytes == 0 {
		done <- nil
		return done
	}
	go func() {
		_, err := c.transfer(Request{Kind: "download", MessageBytes: request.BesideBytes, Seconds: request.Seconds})
		done <- err
	}()
	return done
}

func (c *client) transfer(request Request) (reply, error) {
	payload := make([]byte, request.MessageBytes)
	count := (transferBytes + request.MessageBytes - 1) / request.MessageBytes
	streams, elapsed, err := inLanes(1, request.Seconds, func() (time.Duration, error) {
		arrived, err := c.streamOnce(request.Kind, payload, count)
		if err == nil && arrived != len(payload)*count {
			err = fmt.Errorf("%d bytes arrived of %d", arrived, len(payload)*count)
		}
		return 0, err
	})
	return reply{"bytes": len(streams) * count * request.MessageBytes, "seconds": elapsed.Seconds()}, err
}

func (c *client) streamOnce(kind string, payload []byte, count int) (int, error) {
	switch kind {
	case "download":
		return c.connection.download(len(payload), count)
	case "upload":
		arrived, err := c.connection.upload(payload, count)
		return arrived * len(payload), err
	default:
		return c.connection.exchange(payload, count)
	}
}

func (c *client) reconnect(request Request) (reply, error) {
	durations, elapsed, err := inLanes(request.Lanes, request.Seconds, func() (time.Duration, error) {
		start := time.Now()
		connection, err := c.connectAndCall(100)
		if err != nil {
			return 0, err
		}
		duration := time.Since(start)
		return duration, connection.Close()
	})
	return reply{"count": len(durations), "seconds": elapsed.Seconds(), "p50Ms": percentileMs(durations, 500)}, err
}

func (c *client) hold(connections int) (reply, error) {
	for ; connections > 0; connections-- {
		connection, err := c.connectAndCall(1)
		if err != nil {
			return nil, err
		}
		c.held = append(c.held, connection)
	}
	return reply{}, nil
}

func (c *client) connectAndCall(payloadBytes int) (Connection, error) {
	connection, err := dial(c.address, c.credentials)
	if err == nil {
		_, err = connection.echo(make([]byte, payloadBytes))
	}
	return connection, err
}
