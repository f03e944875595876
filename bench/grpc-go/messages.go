package main

import "github.com/golang/protobuf/proto"

// The messages of bench.proto, as the protobuf of Debian's Go (1.3) reads them from tags: generated code would hold the
// same, and need protoc to be there.

// Payload is every message that holds bytes only: EchoRequest, EchoResponse, DownloadResponse, …
type Payload struct {
	Payload []byte `protobuf:"bytes,1,opt,name=payload,proto3"`
}

func (m *Payload) Reset()         { *m = Payload{} }
func (m *Payload) String() string { return proto.CompactTextString(m) }
func (*Payload) ProtoMessage()    {}

// DownloadRequest asks for a stream of messages.
type DownloadRequest struct {
	MessageBytes uint32 `protobuf:"varint,1,opt,name=message_bytes,json=messageBytes,proto3"`
	Count        uint32 `protobuf:"varint,2,opt,name=count,proto3"`
}

func (m *DownloadRequest) Reset()         { *m = DownloadRequest{} }
func (m *DownloadRequest) String() string { return proto.CompactTextString(m) }
func (*DownloadRequest) ProtoMessage()    {}

// UploadResponse says how many messages arrived.
type UploadResponse struct {
	Count uint32 `protobuf:"varint,1,opt,name=count,proto3"`
}

func (m *UploadResponse) Reset()         { *m = UploadResponse{} }
func (m *UploadResponse) String() string { return proto.CompactTextString(m) }
func (*UploadResponse) ProtoMessage()    {}
