package runtimetest

import "testing"

func TestFailuresAreWhatIsPrinted(t *testing.T) {
	out := "=== RUN   TestA\n    a.go:1: fine\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n=== RUN   TestB/x\n    b.go:2: wrong\n" +
		"=== NAME  TestB\n    b.go:3: worse\n--- FAIL: TestB (1.00s)\n    --- FAIL: TestB/x (1.00s)\n    --- PASS: TestB/y (1.00s)\nFAIL\n"
	want := "    b.go:2: wrong\n    b.go:3: worse\n--- FAIL: TestB (1.00s)\n    --- FAIL: TestB/x (1.00s)\nFAIL\n"
	if got := failures(out); got != want {
		t.Errorf("got:\n%s", got)
	}
	if ended := "=== RUN   TestA\npanic: out of time\n"; failures(ended) != ended {
		t.Error("nothing says what has ended it")
	}
}
