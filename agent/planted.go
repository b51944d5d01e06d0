package agent

import (
	"context"

	"github.com/pygent/pygent/runtime/gitguard"
)

// planting finds what a turn writes into the workspace's repositories that git on
// the host would run.
type planting struct {
	dir    string
	began  chan struct{} // closed when before and err are set
	before []gitguard.Suspect
	err    error
}

// watchPlanting records the state at the start of the turn, in the background.
// found waits for that, and so does Close.
func (a *Agent) watchPlanting() *planting {
	p := &planting{dir: a.runtime.Workspace().Dir(), began: make(chan struct{})}
	a.searches.Go(func() {
		defer close(p.began)
		p.before, p.err = gitguard.Suspects(p.dir)
	})
	return p
}

// ready waits until that state is known. A call that can change files must not
// begin earlier.
func (p *planting) ready(ctx context.Context) error {
	select {
	case <-p.began:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// found returns what was added since. It returns nothing for an unreadable
// workspace: the scan of the files reports that.
func (p *planting) found() []gitguard.Suspect {
	<-p.began
	now, err := gitguard.Suspects(p.dir)
	if err != nil || p.err != nil {
		return nil
	}
	return gitguard.New(p.before, now)
}
