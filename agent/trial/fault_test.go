package trial_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/pygent/pygent/agent/trial"
	"github.com/pygent/pygent/runtime/local"
)

// TestMain begins as every program that runs local commands does.
func TestMain(m *testing.M) {
	local.RunIfChild()
	os.Exit(m.Run())
}

// atLeast is the number of cases that the corpus must have: a case is never dropped
// to make the share right.
const atLeast = 200

func TestFaults(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh: the cases in which a command applies a patch need one")
	}
	cases, err := trial.Faults("testdata/faults")
	if err != nil {
		t.Fatal(err)
	}
	var counts trial.Counts
	for _, f := range cases {
		t.Run(f.Theme+"/"+f.Name, func(t *testing.T) {
			out, err := f.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			counts.Add(f.Theme, out.Verdict)
			if out.Err != nil {
				t.Errorf("%s: %v\nresult: %s", out.Verdict, out.Err, out.Text)
			}
		})
	}
	t.Logf("\n%s", &counts)
	total := counts.Total()
	if total.All() < atLeast {
		t.Errorf("%d cases: there must be %d", total.All(), atLeast)
	}
	if n := total[trial.AppliedWrong]; n > 0 {
		t.Errorf("%d applied wrong", n)
	}
}
