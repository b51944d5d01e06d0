package rpc

import (
	"flag"
	"fmt"
	"os"
	goruntime "runtime"
	"testing"
	"time"
)

// TestMain fails when goroutines are left after all tests.
func TestMain(m *testing.M) {
	baseline := goruntime.NumGoroutine()
	code := m.Run()
	fuzzing := flag.Lookup("test.fuzz").Value.String() != "" // the fuzz workers stay
	for end := time.Now().Add(10 * time.Second); code == 0 && !fuzzing && goruntime.NumGoroutine() > baseline; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			fmt.Fprintf(os.Stderr, "%d goroutines, %d before\n%s\n", goruntime.NumGoroutine(), baseline, stacks())
			code = 1
		}
	}
	os.Exit(code)
}
