package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A frame is literal text and one encoding of its value, so that no value is encoded
// twice.

// encodeResult makes the response to the request id.
func encodeResult(id json.RawMessage, result any) ([]byte, error) {
	var b bytes.Buffer
	openResponse(&b, id)
	b.WriteString(`,"result":`)
	return encodeTail(&b, result)
}

// encodeError makes the error response to the request id. A nil id is written as null
// and means that the request's id is unknown. It panics if detail cannot be encoded.
func encodeError(id json.RawMessage, detail any) []byte {
	var b bytes.Buffer
	openResponse(&b, id)
	b.WriteString(`,"error":`)
	frame, err := encodeTail(&b, detail)
	if err != nil {
		panic(fmt.Sprintf("wire: encode an error object: %v", err)) // a bug in Options.Describe
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

// openNotification writes the text before the params. Method names come from the
// table and need no escaping.
func openNotification(b *bytes.Buffer, method string) {
	b.WriteString(`{"jsonrpc":"2.0","method":"`)
	b.WriteString(method)
	b.WriteString(`","params":`)
}

// encodeTail appends v and the closing brace. The result has no newline, because in
// script mode a message is one line.
func encodeTail(b *bytes.Buffer, v any) ([]byte, error) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false) // the output is not HTML
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	b.WriteByte('}')
	return b.Bytes(), nil
}
