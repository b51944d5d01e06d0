package session

import (
	"sync"

	"github.com/pygent/pygent/agent/journal"
)

// openReader keeps the last journal open: a client that pages through a closed
// session must not make the server count the journal's lines for each page.
type openReader struct {
	mu     sync.Mutex
	id     string
	reader *journal.Reader // nil when none is open
}

// use calls fn with the reader of a session, one caller at a time.
func (o *openReader) use(store *journal.Store, id string, fn func(reading) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader == nil || o.id != id {
		o.drop()
		r, err := store.Reader(id)
		if err != nil {
			return notFound(err)
		}
		o.id, o.reader = id, r
	}
	return fn(o.reader)
}

// close closes the open journal.
func (o *openReader) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
}

func (o *openReader) drop() {
	if o.reader != nil {
		_ = o.reader.Close() // it was opened for reading only
		o.reader = nil
	}
}
