package supervisor

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Window is how many bytes of one command's output may be in transit: read from
// its pipe by the child, and not yet consumed by the host.
const Window = 256 << 10

const (
	// maxFrame bounds a frame. The longest is a start: an argument of Linux's
	// limit (128 KiB) and an environment, with a third more for base64.
	maxFrame = 1 << 20
	// maxChunk bounds an output frame.
	maxChunk = 32 << 10

	lengthSize = 4
	headSize   = lengthSize + 1 + 4
)

// kind is the type of a frame.
type kind byte

const (
	kindConfig kind = iota + 1
	kindStart
	kindSignal
	kindCredit
	kindReady
	kindFailed
	kindOutput
	kindExit
)

// start is the payload of kindStart. Strings are bytes here because JSON's are
// Unicode, but a command need not be.
type start struct {
	Argv    [][]byte      `json:"argv"`
	Env     [][]byte      `json:"env"`
	Root    []byte        `json:"root,omitempty"`
	Dir     []byte        `json:"dir"`
	Timeout time.Duration `json:"timeoutNs,omitempty"`
}

// exit is the payload of kindExit.
type exit struct {
	Code        int           `json:"code"`
	Signal      string        `json:"signal,omitempty"`
	TimedOut    bool          `json:"timedOut,omitempty"`
	OutOfMemory bool          `json:"outOfMemory,omitempty"`
	OutOfDisk   bool          `json:"outOfDisk,omitempty"`
	Left        int           `json:"left,omitempty"` // processes that could not be ended
	Duration    time.Duration `json:"durationNs"`
	Error       string        `json:"error,omitempty"` // the command could not be started
}

// failure is the payload of kindFailed.
type failure struct {
	Step  string `json:"step"`
	Error string `json:"error"`
}

// ErrFrame is wrapped by the errors of a connection that ended because of
// malformed data.
var ErrFrame = errors.New("malformed frame")

// frameWriter writes frames, one Write each. It is safe for concurrent use.
type frameWriter struct {
	mu  sync.Mutex
	w   io.Writer
	err error // of the first Write that failed: a frame may be incomplete
}

// send writes a frame whose payload is frame[headSize:].
func (f *frameWriter) send(k kind, id uint32, frame []byte) error {
	if len(frame) > lengthSize+maxFrame {
		return fmt.Errorf("%w: %d bytes are more than %d", ErrFrame, len(frame)-lengthSize, maxFrame)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-lengthSize))
	frame[lengthSize] = byte(k)
	binary.BigEndian.PutUint32(frame[lengthSize+1:], id)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	_, f.err = f.w.Write(frame)
	return f.err
}

func (f *frameWriter) sendJSON(k kind, id uint32, payload any) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return f.send(k, id, append(make([]byte, headSize, headSize+len(text)), text...))
}

// sendNumber sends a signal or credit.
func (f *frameWriter) sendNumber(k kind, id, n uint32) error {
	return f.send(k, id, binary.BigEndian.AppendUint32(make([]byte, headSize, headSize+4), n))
}

// readHead reads up to a frame's payload and returns the payload's length. The
// error is io.EOF only between two frames.
func readHead(r io.Reader) (k kind, id uint32, size int, err error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: it is cut", ErrFrame)
		}
		return 0, 0, 0, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < headSize-lengthSize || length > maxFrame {
		return 0, 0, 0, fmt.Errorf("%w: length %d", ErrFrame, length)
	}
	k = kind(head[lengthSize])
	if k < kindConfig || k > kindExit {
		return 0, 0, 0, fmt.Errorf("%w: kind %d", ErrFrame, k)
	}
	return k, binary.BigEndian.Uint32(head[lengthSize+1:]), int(length) - (headSize - lengthSize), nil
}

// readFrame reads a whole frame.
func readFrame(r io.Reader) (k kind, id uint32, payload []byte, err error) {
	k, id, size, err := readHead(r)
	if err != nil {
		return 0, 0, nil, err
	}
	payload = make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, 0, nil, fmt.Errorf("%w: it is cut: %w", ErrFrame, err)
	}
	return k, id, payload, nil
}

// number reads the payload of a signal or of credit.
func number(payload []byte) (uint32, error) {
	if len(payload) != 4 {
		return 0, fmt.Errorf("%w: %d bytes for a number", ErrFrame, len(payload))
	}
	return binary.BigEndian.Uint32(payload), nil
}
