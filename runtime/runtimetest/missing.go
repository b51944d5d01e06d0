package runtimetest

import (
	"os"
	"testing"
)

// Missing skips a test because this machine lacks something that it needs.
// Where CI is set it fails the test, because CI must have everything.
func Missing(tb testing.TB, why ...any) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatal(why...)
	}
	tb.Skip(why...)
}
