package snapshot

import (
	"context"
	goruntime "runtime"
	"sync"
)

// pool runs jobs that add further jobs, last in, first out: so the jobs of a
// directory are done, and it is closed, before the next one is opened.
type pool struct {
	ctx  context.Context // lives as long as run
	mu   sync.Mutex
	wake *sync.Cond
	jobs []job
	busy int
	err  error
}

// job gets the worker's buffer. If the buffer is nil, an error has ended the
// run, and the job must only release its resources.
type job func(buf []byte) error

// run returns when first and all jobs that it led to are done, with the first
// error or context.Cause(ctx).
func run(ctx context.Context, first func(p *pool) error) error {
	p := &pool{ctx: ctx}
	p.wake = sync.NewCond(&p.mu)
	p.jobs = []job{func(buf []byte) error {
		if buf == nil {
			return nil
		}
		return first(p)
	}}
	var workers sync.WaitGroup
	for range min(goruntime.GOMAXPROCS(0), maxWorkers) {
		workers.Go(p.work)
	}
	workers.Wait()
	return p.err
}

// add is called by jobs only.
func (p *pool) add(j job) {
	p.mu.Lock()
	p.jobs = append(p.jobs, j)
	p.mu.Unlock()
	p.wake.Signal()
}

func (p *pool) work() {
	buf := make([]byte, bufferBytes)
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for len(p.jobs) == 0 && p.busy > 0 {
			p.wake.Wait()
		}
		if len(p.jobs) == 0 {
			p.wake.Broadcast()
			return
		}
		next := p.jobs[len(p.jobs)-1]
		p.jobs = p.jobs[:len(p.jobs)-1]
		if p.err == nil {
			p.err = context.Cause(p.ctx)
		}
		if p.err != nil {
			_ = next(nil)
			continue
		}
		p.busy++
		p.mu.Unlock()
		err := next(buf)
		p.mu.Lock()
		p.busy--
		if p.err == nil {
			p.err = err
		}
	}
}
