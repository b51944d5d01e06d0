package agent

import (
	"sync"

	"github.com/pygent/pygent/agent/journal"
)

// openReader keeps the journal open that was read last: a client that pages
// through a closed session does not have its lines counted anew for each page.
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

// close releases what is open.
func (o *openReader) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
}

func (o *openReader) drop() {
	if o.reader != nil {
		_ = o.reader.Close() // it was only read
		o.reader = nil
	}
}
