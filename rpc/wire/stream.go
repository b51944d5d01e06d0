package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/pygent/pygent/tools/strictjson"
)

// stream is the jsonrpc2.ObjectStream of a connection.
//
// jsonrpc2 decodes messages slowly and loses information (the id -1 comes back as
// 2^64-1). So the stream parses each message itself, keeps it in current, and gives
// jsonrpc2 only the parts that it needs for routing: the method, and the id's text as
// a string id. This is safe because jsonrpc2.Conn calls ReadObject and Handler.Handle
// in turn, on one goroutine. Responses to our own calls are passed on complete,
// because jsonrpc2 keeps the table of pending calls.
type stream struct {
	frames *frameReader
	out    *outbox
	log    *zap.Logger
	start  chan struct{} // ReadObject waits until it is closed
	closed atomic.Bool

	// reject answers a message without a usable id. Set before start.
	reject func(err error)

	current *envelope // the last request or notification; read loop only

	framing atomic.Int32 // a Framing, for other goroutines
	end     atomic.Pointer[endOfInput]
}

// endOfInput is the reason why the read loop ended: io.EOF, a *FrameError or the
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

// fix sets the framing, so that the first byte does not decide it. Call it before
// start is closed.
func (s *stream) fix(f Framing) {
	s.frames.framing = f
	s.publishFraming()
}

func (s *stream) publishFraming() {
	s.framing.Store(int32(s.frames.framing))
	if s.frames.framing != FramingUnknown {
		s.out.framing.Store(int32(s.frames.framing))
	}
}

// ReadObject stores the next message in v, jsonrpc2's own message type. It answers
// refused messages itself. At the end of input, or after a fatal error, it returns
// io.EOF, and end has the reason.
func (s *stream) ReadObject(v any) error {
	<-s.start
	for {
		body, err := s.frames.next()
		if s.closed.Load() {
			return io.EOF
		}
		if s.framing.Load() == int32(FramingUnknown) {
			s.publishFraming()
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
			s.reject(fmt.Errorf("%w: %w", ErrInvalidRequest, err))
			continue
		}
		return nil
	}
}

// refused answers a refused frame and reports whether the stream goes on.
func (s *stream) refused(err error) bool {
	var fe *FrameError
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

// normalise makes the message for jsonrpc2. It returns nil for a response that
// answers no call of ours.
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

// maxCallIDDigits bounds the id of a response: our calls' ids are shorter, and
// jsonrpc2 closes the connection at an id that is not a uint64.
const maxCallIDDigits = 18

func (s *stream) response(env *envelope) []byte {
	if !strictjson.IsInteger(env.id) || env.id[0] == '-' || len(env.id) > maxCallIDDigits {
		s.log.Warn("dropped a response to no call of ours", zap.ByteString("id", env.id), zap.ByteString("error", env.err))
		return nil
	}
	if env.err == nil && env.depth < strictjson.MaxDepth {
		return fmt.Appendf(nil, `{"id":%s,"result":%s}`, env.id, env.result)
	}
	e := wireError{Code: codeUnreadable, Message: "the answer is nested too deeply"}
	if env.depth < strictjson.MaxDepth {
		if json.Unmarshal(env.err, &e) != nil {
			e = wireError{Code: codeUnreadable, Message: "malformed error: " + string(env.err[:min(len(env.err), 200)])}
		}
	}
	b, _ := json.Marshal(struct {
		ID    json.RawMessage `json:"id"`
		Error wireError       `json:"error"`
	}{env.id, e})
	return b
}

// codeUnreadable is the code that replaces a malformed error response's code. It is
// JSON-RPC's internal error.
const codeUnreadable = -32603

// wireError is the error object of a response from the peer.
type wireError struct {
	Code    int64           `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// WriteObject queues a call of ours. It never blocks, because the callers limit the
// number of calls.
func (s *stream) WriteObject(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.out.push(b)
}

// Close ends reading after the read in progress. The output stays open, because in
// script mode answers follow the end of input.
func (s *stream) Close() error {
	s.closed.Store(true)
	return nil
}
