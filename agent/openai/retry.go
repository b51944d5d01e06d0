package openai

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
)

const (
	firstDelay    = 500 * time.Millisecond // doubles with every retry
	maxDelay      = 30 * time.Second
	maxRetryAfter = 60 * time.Second // a longer Retry-After fails the call
	jitter        = 0.25             // part of the delay, added or subtracted
)

// retry sends c until it succeeds, fails for good, or ctx ends. With an error it
// returns the partial text of the last attempt, unless a Retry has made that
// void.
func (m *Model) retry(ctx context.Context, c call, emit func(agent.Delta)) (agent.Reply, error) {
	waits := &schedule{exp: backoff.ExponentialBackOff{
		InitialInterval: m.firstDelay, RandomizationFactor: jitter, Multiplier: 2, MaxInterval: maxDelay,
	}}
	attempts, void := 0, false
	reply, err := backoff.Retry(ctx, func() (agent.Reply, error) {
		attempts, void = attempts+1, false
		reply, err := m.attempt(ctx, c, emit)
		if err == nil {
			return reply, nil
		}
		var pe *agent.ProviderError
		if !errors.As(err, &pe) || !pe.Retryable || pe.RetryAfter > maxRetryAfter {
			return reply, backoff.Permanent(err)
		}
		waits.atLeast = pe.RetryAfter
		return reply, err
	},
		backoff.WithBackOff(waits),
		backoff.WithMaxTries(m.retries+1),
		backoff.WithMaxElapsedTime(0), // ctx is the bound
		backoff.WithNotify(func(err error, delay time.Duration) {
			m.log.Warn("model request failed, will retry", zap.Int("attempt", attempts), zap.Duration("delay", delay), zap.Error(err))
			void = true
			emit(agent.Delta{Retry: &agent.Retry{Attempt: attempts, Delay: delay, Reason: err.Error()}})
		}),
	)
	if void { // ctx ended during the wait, when a Retry had made the text void
		reply = agent.Reply{}
	}
	var permanent *backoff.PermanentError // still wrapped when the last attempt failed for good
	if errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	var pe *agent.ProviderError
	if errors.As(err, &pe) {
		err = m.giveUp(pe, attempts)
	}
	return reply, err
}

// giveUp adds to the error why there was no further attempt, unless that is
// obvious.
func (m *Model) giveUp(pe *agent.ProviderError, attempts int) error {
	final := *pe
	switch {
	case pe.Retryable && pe.RetryAfter > maxRetryAfter:
		final.Message += fmt.Sprintf(" (it asks to wait %s, more than the %s that a retry waits)", pe.RetryAfter, maxRetryAfter)
	case attempts > 1:
		final.Message += fmt.Sprintf(" (gave up after %d attempts)", attempts)
	}
	return &final
}

// schedule is exponential backoff that waits at least as long as the endpoint
// last asked for.
type schedule struct {
	exp     backoff.ExponentialBackOff
	atLeast time.Duration
}

// NextBackOff implements backoff.BackOff.
func (s *schedule) NextBackOff() time.Duration {
	next := s.exp.NextBackOff()
	if s.atLeast > 0 {
		// The wait is never shorter than asked, and differs from that of other
		// clients that got the same number.
		asked := s.atLeast + rand.N(s.atLeast/10+1)
		next = max(next, min(asked, maxRetryAfter))
	}
	return next
}

// Reset implements backoff.BackOff.
func (s *schedule) Reset() { s.exp.Reset() }
