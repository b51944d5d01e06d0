package runtimetest

import "testing"

func TestFailuresAreWhatIsPrinted(t *testing.T) {
	out := "=== RUN   TestA\n    a.go:1: fine\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n=== RUN   TestB/x\n    b.go:2: wrong\n" +
		"=== NAME  TestB\n    b.go:3: worse\n--- FAIL: TestB (1.00s)\n    --- FAIL: TestB/x (1.00s)\n    --- PASS: TestB/y (1.00s)\nFAIL\n"
	want := "    b.go:2: wrong\n    b.go:3: worse\n--- FAIL: TestB (1.00s)\n    --- FAIL: TestB/x (1.00s)\nFAIL\n"
	if got := failures(out); got != want {
		t.Errorf("got:\n%s", got)
	}
	if ended := "=== RUN   TestC\npanic: out of time\n\ngoroutine 1:\n"; failures(out+ended) != want+ended[len("=== RUN   TestC\n"):] {
		t.Errorf("nothing says what has ended it:\n%s", failures(out+ended))
	}
}
