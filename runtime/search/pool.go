package search

import (
	goruntime "runtime"
	"sync"
)

// job is a part of a search; n is the number of the worker that does it.
type job func(n int)

// pool does jobs, which can add jobs, the last added first: so few directories are open
// at a time, and few jobs wait.
type pool struct {
	mu     sync.Mutex
	more   *sync.Cond // jobs, busy or failed has changed
	jobs   []job
	busy   int
	failed any // what a job panicked with
}

func newPool() *pool {
	p := &pool{}
	p.more = sync.NewCond(&p.mu)
	return p
}

// workers is how many work on a search.
func workers() int { return min(max(goruntime.GOMAXPROCS(0), 2), maxWorkers) }

func (p *pool) add(jobs ...job) {
	if len(jobs) == 0 {
		return
	}
	p.mu.Lock()
	p.jobs = append(p.jobs, jobs...)
	p.mu.Unlock()
	p.more.Broadcast()
}

// run returns when all jobs are done.
func (p *pool) run() {
	var all sync.WaitGroup
	for n := range workers() {
		all.Go(func() { p.work(n) })
	}
	all.Wait()
	if p.failed != nil {
		panic(p.failed) // in the caller's goroutine, which knows what to do
	}
}

func (p *pool) work(n int) {
	for {
		do := p.next()
		if do == nil {
			return
		}
		p.try(n, do)
	}
}

// try does one job.
func (p *pool) try(n int, do job) {
	defer func() {
		v := recover()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.busy--; v != nil {
			p.failed, p.jobs = v, nil
		}
		if p.busy == 0 && len(p.jobs) == 0 {
			p.more.Broadcast()
		}
	}()
	do(n)
}

// next waits for a job; nil is the end.
func (p *pool) next() job {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.jobs) == 0 {
		if p.busy == 0 {
			return nil
		}
		p.more.Wait()
	}
	last := p.jobs[len(p.jobs)-1]
	p.jobs[len(p.jobs)-1] = nil
	p.jobs = p.jobs[:len(p.jobs)-1]
	p.busy++
	return last
}
