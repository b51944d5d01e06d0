package runtime

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxJobInput bounds what a job has not read yet of its input, in bytes. What the
// kernel's pipe holds is not counted.
const MaxJobInput = 64 << 10

// input is the stdin of a job: a queue that Add fills and the executor empties.
type input struct {
	mu      sync.Mutex // guards the fields below
	more    sync.Cond
	pending []byte
	closed  bool
}

func newInput() *input {
	i := &input{}
	i.more.L = &i.mu
	return i
}

// add appends text for the reader. It never waits.
func (i *input) add(text string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.closed:
		return errors.New("has ended")
	case len(i.pending)+len(text) > MaxJobInput:
		return fmt.Errorf("has not read %d bytes of earlier input; nothing of these %d was added, because at most %d can wait", len(i.pending), len(text), MaxJobInput)
	}
	i.pending = append(i.pending, text...)
	i.more.Signal()
	return nil
}

// Read waits for text. It returns io.EOF after close.
func (i *input) Read(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.pending) == 0 && !i.closed {
		i.more.Wait()
	}
	if i.closed {
		return 0, io.EOF
	}
	n := copy(p, i.pending)
	i.pending = append(i.pending[:0], i.pending[n:]...)
	return n, nil
}

func (i *input) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed, i.pending = true, nil
	i.more.Broadcast()
}
