// Package web serves Pygent's page to the user's browser: static files from the program,
// and a WebSocket that carries the same protocol as the standard streams. Each WebSocket
// is one connection, and each of its messages is one message of the protocol.
//
// All pages show the same sessions: each page gets every event and every question, and
// the first answer counts. A page that closes cancels only its own requests, so that a
// reload interrupts no turn.
//
// A browser also runs pages of other origins. So the server listens only on 127.0.0.1,
// accepts only its exact host name and origin, and opens the WebSocket only to a page
// with the token. The token is a subprotocol in the WebSocket's handshake, because a
// browser lets a page set no other header there. So a page without the token is refused
// at the handshake.
//
// Package web knows how the protocol is carried, but not what methods do. It must not
// know models, containers, flags or configuration.
package web
