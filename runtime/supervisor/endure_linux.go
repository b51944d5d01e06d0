package supervisor

import (
	"os"
	"os/signal"
	goruntime "runtime"
	"sync"
)

// reservedThreads is more than this process ever needs at a time.
const reservedThreads = 10

// reserveThreads makes the threads that the Go runtime may want later, while it
// can still have them: commands can use the limit of processes up, threads count
// among those, and a runtime that gets none ends the program. An idle thread is
// kept for good.
func reserveThreads() {
	var all, done sync.WaitGroup
	all.Add(reservedThreads)
	for range reservedThreads {
		done.Go(func() {
			goruntime.LockOSThread()
			defer goruntime.UnlockOSThread()
			all.Done()
			all.Wait() // so that none serves two
		})
	}
	done.Wait()
}

// ignoreSignals keeps commands of the same user from ending this process with a
// signal. They are caught rather than ignored, which commands would inherit; the
// end of the input is what ends it.
func ignoreSignals() {
	signal.Notify(make(chan os.Signal, 1)) // all that can be caught
}
