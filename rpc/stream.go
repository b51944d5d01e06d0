package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"go.uber.org/zap"
)

// stream is the jsonrpc2.ObjectStream under both sides of a connection.
//
// jsonrpc2 decodes messages slowly and not losslessly (the id -1 comes back as
// 2^64-1). So the stream parses each message itself, keeps it in current, and
// hands jsonrpc2 only what it needs to route it: the method, and the id's text
// as a string id. That is safe because jsonrpc2.Conn calls ReadObject and
// Handler.Handle in turn, on one goroutine. Responses to our own calls go
// through whole, for jsonrpc2's table of pending calls.
type stream struct {
	frames *frameReader
	out    *outbox
	log    *zap.Logger
	start  chan struct{} // ReadObject waits until it is closed
	closed atomic.Bool

	// reject answers a message that has no usable id. Set before start.
	reject func(err error)

	current *envelope // the last request or notification; read loop only

	mode atomic.Int32 // a mode, for other goroutines
	end  atomic.Pointer[endOfInput]
}

// endOfInput is why the read loop ended: err is io.EOF, a *frameError or the
// input's error.
type endOfInput struct{ err error }

func newStream(in io.Reader, out *outbox, maxBytes int64, log *zap.Logger) *stream {
	return &stream{
		frames: newFrameReader(in, maxBytes),
		out:    out,
		log:    log,
		start:  make(chan struct{}),
	}
}

// fix sets the framing instead of reading it off the first byte. It is called
// before start is closed.
func (s *stream) fix(m mode) {
	s.frames.mode = m
	s.publishMode()
}

func (s *stream) publishMode() {
	s.mode.Store(int32(s.frames.mode))
	if s.frames.mode != modeUnknown {
		s.out.mode.Store(int32(s.frames.mode))
	}
}

// ReadObject stores the next message in v, jsonrpc2's own message type. What
// is refused is answered here. At the end of input, or when the connection
// cannot go on, it returns io.EOF; end then has the reason.
func (s *stream) ReadObject(v any) error {
	<-s.start
	for {
		body, err := s.frames.next()
		if s.closed.Load() {
			return io.EOF
		}
		if s.mode.Load() == int32(modeUnknown) {
			s.publishMode()
		}
		if err != nil {
			if s.refused(err) {
				continue
			}
			return io.EOF
		}
		env, err := parseEnvelope(body)
		if err != nil {
			s.reject(err)
			continue
		}
		small := s.normalise(env)
		if small == nil {
			continue
		}
		s.current = env
		if err := json.Unmarshal(small, v); err != nil {
			s.reject(fmt.Errorf("%w: %w", errInvalidRequest, err))
			continue
		}
		return nil
	}
}

// refused answers a refused frame and reports whether the stream goes on.
func (s *stream) refused(err error) bool {
	var fe *frameError
	if !errors.As(err, &fe) {
		s.end.Store(&endOfInput{err})
		return false
	}
	s.log.Warn("refused input", zap.Error(err), zap.Bool("fatal", fe.fatal))
	s.reject(err)
	if fe.fatal {
		s.end.Store(&endOfInput{err})
	}
	return !fe.fatal
}

// normalise makes the message that jsonrpc2 gets. It is nil for a response
// that cannot be to a call of ours.
func (s *stream) normalise(env *envelope) []byte {
	var m any
	switch env.kind {
	case kindRequest:
		m = struct {
			ID     string `json:"id"`
			Method string `json:"method"`
		}{string(env.id), env.method}
	case kindNotification:
		m = struct {
			Method string `json:"method"`
		}{env.method}
	case kindResponse:
		return s.response(env)
	}
	b, _ := json.Marshal(m) // strings only: cannot fail
	return b
}

// maxCallIDDigits is what an id of our own calls can have; jsonrpc2 closes the
// connection at an id that is no uint64.
const maxCallIDDigits = 18

func (s *stream) response(env *envelope) []byte {
	if !isInteger(env.id) || env.id[0] == '-' || len(env.id) > maxCallIDDigits {
		s.log.Warn("dropped a response to no call of ours", zap.ByteString("id", env.id), zap.ByteString("error", env.err))
		return nil
	}
	if env.err == nil && env.depth < maxDepth {
		return fmt.Appendf(nil, `{"id":%s,"result":%s}`, env.id, env.result)
	}
	e := wireError{Code: codeInternal, Message: "the answer is nested too deeply"}
	if env.depth < maxDepth {
		if json.Unmarshal(env.err, &e) != nil {
			e = wireError{Code: codeInternal, Message: "malformed error: " + string(env.err[:min(len(env.err), 200)])}
		}
	}
	b, _ := json.Marshal(struct {
		ID    json.RawMessage `json:"id"`
		Error wireError       `json:"error"`
	}{env.id, e})
	return b
}

// wireError is an error object as a peer sends it.
type wireError struct {
	Code    int64           `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// WriteObject queues a call of ours. It never blocks: calls are few, and their
// number is bounded by who makes them.
func (s *stream) WriteObject(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.out.push(b)
}

// Close ends reading after the read in progress. It leaves the output open:
// in script mode answers still follow the end of input.
func (s *stream) Close() error {
	s.closed.Store(true)
	return nil
}
