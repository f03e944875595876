// The grpc-go subject of the benchmarks: server and client in one program, spoken to as bench/worker/protocol.ts says.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// Party is one side's identity; see bench/place.ts.
type Party struct {
	ID        string `json:"id"`
	Directory string `json:"directory"`
}

// Place is where the two processes meet.
type Place struct {
	SocketPath string `json:"socketPath"`
	Server     Party  `json:"server"`
	Client     Party  `json:"client"`
}

// Request holds what any of the operations may be given.
type Request struct {
	Operation    string  `json:"operation"`
	Collect      bool    `json:"collect"`
	InFlight     int     `json:"inFlight"`
	BesideBytes  int     `json:"besideBytes"`
	PayloadBytes int     `json:"payloadBytes"`
	Kind         string  `json:"kind"`
	MessageBytes int     `json:"messageBytes"`
	Lanes        int     `json:"lanes"`
	Connections  int     `json:"connections"`
	Seconds      float64 `json:"seconds"`
}

type reply map[string]interface{}

func main() {
	var place Place
	check(json.Unmarshal([]byte(os.Args[2]), &place))
	switch os.Args[1] {
	case "server":
		check(serve(place))
		answerRequests(reply{"address": "unix:" + place.SocketPath}, usageOnly)
	case "client":
		client, err := newClient(place, os.Args[3])
		check(err)
		answerRequests(reply{}, client.operate)
	}
}

func answerRequests(ready reply, operate func(Request) (reply, error)) {
	answers := json.NewEncoder(os.Stdout)
	check(answers.Encode(ready))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var request Request
		check(json.Unmarshal(lines.Bytes(), &request))
		answer, err := operate(request)
		if err != nil {
			answer = reply{"error": err.Error()}
		}
		check(answers.Encode(answer))
	}
}

func usageOnly(request Request) (reply, error) {
	if request.Operation != "usage" {
		return nil, fmt.Errorf("there is no operation %s", request.Operation)
	}
	return usage(request)
}

func usage(request Request) (reply, error) {
	if request.Collect {
		debug.FreeOSMemory()
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return nil, err
	}
	microseconds := func(time syscall.Timeval) int64 { return time.Sec*1e6 + time.Usec }
	resident, err := residentBytes()
	return reply{
		"cpuMicroseconds": microseconds(used.Utime) + microseconds(used.Stime),
		"residentBytes":   resident,
	}, err
}

// residentBytes is the second number of statm, in pages (proc(5)).
func residentBytes() (int, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	return pages * os.Getpagesize(), err
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc-go:", err)
		os.Exit(1)
	}
}
