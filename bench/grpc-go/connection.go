package main

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Connection makes the calls; the same four as in bench/subject.ts.
type Connection struct{ *grpc.ClientConn }

func dial(address string, credentials credentials.TransportCredentials) (Connection, error) {
	connection, err := grpc.Dial(address, grpc.WithTransportCredentials(credentials))
	return Connection{connection}, err
}

func (c Connection) echo(payload []byte) (int, error) {
	response := new(Payload)
	err := c.Invoke(context.Background(), "/"+service+"/Echo", &Payload{Payload: payload}, response)
	return len(response.Payload), err
}

func (c Connection) download(messageBytes, count int) (int, error) {
	stream, err := c.open(downloadMethod)
	if err != nil {
		return 0, err
	}
	request := &DownloadRequest{MessageBytes: uint32(messageBytes), Count: uint32(count)}
	if err := stream.SendMsg(request); err != nil {
		return 0, err
	}
	if err := stream.CloseSend(); err != nil {
		return 0, err
	}
	return receiveAll(stream)
}

func (c Connection) upload(payload []byte, count int) (int, error) {
	stream, err := c.open(uploadMethod)
	if err != nil {
		return 0, err
	}
	if err := sendAll(stream, payload, count); err != nil {
		return 0, err
	}
	response := new(UploadResponse)
	err = stream.RecvMsg(response)
	return int(response.Count), err
}

func (c Connection) exchange(payload []byte, count int) (int, error) {
	stream, err := c.open(exchangeMethod)
	if err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() { sent <- sendAll(stream, payload, count) }()
	bytes, err := receiveAll(stream)
	if err == nil {
		err = <-sent
	}
	return bytes, err
}

func (c Connection) open(method grpc.StreamDesc) (grpc.ClientStream, error) {
	return c.NewStream(context.Background(), &method, "/"+service+"/"+method.StreamName)
}

func sendAll(stream grpc.ClientStream, payload []byte, count int) error {
	message := &Payload{Payload: payload}
	for ; count > 0; count-- {
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
	return stream.CloseSend()
}

func receiveAll(stream grpc.ClientStream) (int, error) {
	for bytes := 0; ; {
		message := new(Payload)
		err := stream.RecvMsg(message)
		if err == io.EOF {
			return bytes, nil
		}
		if err != nil {
			return bytes, err
		}
		bytes += len(message.Payload)
	}
}
