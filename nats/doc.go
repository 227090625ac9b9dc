// Package nats is the streams: which there are and why (topology.go), how they
// come to be (apply.go), how a message is stored so that its acknowledgement
// means disk (publish.go, sync.go) and how it is consumed (consume.go). It also
// runs the server inside the process where one machine is enough (server.go).
// It never looks into a message's data.
package nats
