package supervisor

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// stdin is the input of a command that has one.
type stdin struct {
	pipe *os.File
	next chan []byte // at most one: the host waits until it was taken
	over chan struct{}
}

// newStdin makes the pipe and returns the end for the command, which the caller
// closes.
func newStdin() (*stdin, int, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, -1, fmt.Errorf("make a pipe: %w", err)
	}
	// Only this end, so that a program can read the other one as usual, and close
	// ends a write.
	if err := unix.SetNonblock(p[1], true); err != nil {
		_ = unix.Close(p[0])
		_ = unix.Close(p[1])
		return nil, -1, fmt.Errorf("make a pipe: %w", err)
	}
	return &stdin{pipe: os.NewFile(uintptr(p[1]), "input"), next: make(chan []byte, 1), over: make(chan struct{})}, p[0], nil
}

// close ends the input. A nil stdin is that of a command without one.
func (i *stdin) close() {
	if i != nil {
		close(i.over)
		_ = i.pipe.Close()
	}
}

// feed passes input on to a command. For an ended one it does nothing.
func (s *server) feed(id uint32, payload []byte) error {
	s.mu.Lock()
	c := s.commands[id]
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	if c.in == nil || len(payload) > maxChunk {
		return fmt.Errorf("%w: input for a command without it, or of %d bytes", ErrFrame, len(payload))
	}
	select {
	case c.in.next <- payload:
		return nil
	default:
		return fmt.Errorf("%w: input before the last was taken", ErrFrame)
	}
}

// writeInput writes the input of a command until one of both ends. What a command
// does not want any more is taken all the same.
func (s *server) writeInput(c *command) {
	for {
		select {
		case <-c.in.over:
			return
		case p := <-c.in.next:
			if len(p) == 0 {
				_ = c.in.pipe.Close()
				continue
			}
			_, _ = c.in.pipe.Write(p)
			_ = s.out.sendNumber(kindTaken, c.id, uint32(len(p)))
		}
	}
}
