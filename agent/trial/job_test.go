package trial_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/pygent/pygent/agent/trial"
)

// jobs is the number of jobs that there must be.
const jobs = 30

func TestJobs(t *testing.T) {
	list, err := trial.Jobs("testdata/jobs")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < jobs {
		t.Errorf("%d jobs: there must be %d", len(list), jobs)
	}
	t.Setenv("GOFLAGS", "-vet=off") // half of the time of the Go jobs
	reports := make([]trial.Report, len(list))
	t.Run("job", func(t *testing.T) {
		var mu sync.Mutex
		for i, j := range list {
			t.Run(j.Name, func(t *testing.T) {
				t.Parallel()
				r := j.Run(t.Context(), trial.Options{})
				mu.Lock()
				reports[i] = r
				mu.Unlock()
				switch {
				case r.Skipped != "":
					t.Skip(r.Skipped)
				case r.Err != nil:
					t.Error(r.Err)
				}
			})
		}
	})
	ran := slices.DeleteFunc(reports, func(r trial.Report) bool { return r.Job == nil }) // -run may choose some
	t.Logf("\n%s", trial.Table(ran))
}
