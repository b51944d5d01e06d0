// Package web serves Pygent's page to the browser of the user: static files that
// are part of the program, and a WebSocket that carries the same protocol as the
// standard streams do. One WebSocket is one connection, one message of it one
// message of the protocol.
//
// All pages are windows on the same sessions: each gets every event, each can be
// asked, and the first answer counts. A page that goes ends nothing but what it
// waits for itself, so that a reload disturbs no turn.
//
// Browsers run programs of strangers beside the page. So the server listens on
// 127.0.0.1 alone, answers to its exact name and origin alone, and gives the
// WebSocket only to who has the token. The token is a subprotocol of the
// WebSocket's handshake: a browser lets a page set no other header there, and
// so nobody without it gets further than the handshake.
//
// Package web knows the protocol's carrier, and nothing of what methods do. It
// must not know of models, containers, flags or configuration.
package web
