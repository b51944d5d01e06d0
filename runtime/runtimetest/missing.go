package runtimetest

import (
	"os"
	"testing"
)

// Missing skips a test because of a part that this machine lacks. Where CI is set
// every part is expected, so there it fails.
func Missing(tb testing.TB, why ...any) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatal(why...)
	}
	tb.Skip(why...)
}
