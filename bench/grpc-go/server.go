package main

import (
	"context"
	"io"
	"net"

	"google.golang.org/grpc"
)

const service = "pinwire.bench.v1.BenchService"

func serve(place Place) error {
	credentials, err := mutualTLS(place.Server.Directory)
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", place.SocketPath)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.Creds(credentials))
	server.RegisterService(&description, struct{}{})
	go func() { check(server.Serve(listener)) }()
	return nil
}

var (
	downloadMethod = grpc.StreamDesc{StreamName: "Download", Handler: download, ServerStreams: true}
	uploadMethod   = grpc.StreamDesc{StreamName: "Upload", Handler: upload, ClientStreams: true}
	exchangeMethod = grpc.StreamDesc{StreamName: "Exchange", Handler: exchange, ClientStreams: true, ServerStreams: true}

	description = grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*interface{})(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
		Streams:     []grpc.StreamDesc{downloadMethod, uploadMethod, exchangeMethod},
	}
)

func echo(_ interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	request := new(Payload)
	if err := decode(request); err != nil {
		return nil, err
	}
	return &Payload{Payload: request.Payload}, nil
}

func download(_ interface{}, stream grpc.ServerStream) error {
	request := new(DownloadRequest)
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	message := &Payload{Payload: make([]byte, request.MessageBytes)}
	for left := request.Count; left > 0; left-- {
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
	return nil
}

func upload(_ interface{}, stream grpc.ServerStream) error {
	for count := uint32(0); ; count++ {
		err := stream.RecvMsg(new(Payload))
		if err == io.EOF {
			return stream.SendMsg(&UploadResponse{Count: count})
		}
		if err != nil {
			return err
		}
	}
}

func exchange(_ interface{}, stream grpc.ServerStream) error {
	for {
		message := new(Payload)
		err := stream.RecvMsg(message)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = stream.SendMsg(message)
		}
		if err != nil {
			return err
		}
	}
}
