// Package api is the contract: openapi.yaml, written by hand, and what
// oapi-codegen makes of it: the strict server interface that housing
// implements, and the client that the bot uses.
//
// Adding an operation: write it into openapi.yaml with its x-permission and
// examples, run `task gen`, implement the new method, and call it in a test.
package api

import _ "embed"

//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config types.yaml openapi.yaml
//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config server.yaml openapi.yaml
//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config client.yaml openapi.yaml

// Document is openapi.yaml.
//
//go:embed openapi.yaml
var Document []byte
