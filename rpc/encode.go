package rpc

import (
	"bytes"
	"encoding/json"

	"github.com/pygent/pygent/agent"
)

// Frames are put together from literal text and one encoding of the value that
// they carry, so that nothing is encoded twice.

// encodeResult makes the response to the request id.
func encodeResult(id json.RawMessage, result any) ([]byte, error) {
	var b bytes.Buffer
	openResponse(&b, id)
	b.WriteString(`,"result":`)
	return encodeTail(&b, result)
}

// encodeError makes the error response to the request id; nil stands for the
// null of a request whose id is unknown.
func encodeError(id json.RawMessage, detail *agent.ErrorDetail) []byte {
	var b bytes.Buffer
	openResponse(&b, id)
	b.WriteString(`,"error":`)
	frame, err := encodeTail(&b, detail)
	if err != nil { // only numbers, strings and booleans: cannot happen
		panic(err)
	}
	return frame
}

func openResponse(b *bytes.Buffer, id json.RawMessage) {
	b.WriteString(`{"jsonrpc":"2.0","id":`)
	if id == nil {
		b.WriteString("null")
	} else {
		b.Write(id)
	}
}

// encodeNotification makes a notification; params must not be nil.
func encodeNotification(method string, params any) ([]byte, error) {
	var b bytes.Buffer
	openNotification(&b, method)
	return encodeTail(&b, params)
}

// openNotification writes what stands before the params. Method names come
// from the table and need no escaping.
func openNotification(b *bytes.Buffer, method string) {
	b.WriteString(`{"jsonrpc":"2.0","method":"`)
	b.WriteString(method)
	b.WriteString(`","params":`)
}

// encodeTail appends v and the closing brace. The text has no newline in it,
// as script mode needs it.
func encodeTail(b *bytes.Buffer, v any) ([]byte, error) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false) // it goes down a pipe, not into a page
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	b.WriteByte('}')
	return b.Bytes(), nil
}
