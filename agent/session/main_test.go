package session_test

import (
	"os"
	"testing"

	"github.com/pygent/pygent/runtime/local"
)

// TestMain begins as every program that runs local commands does.
func TestMain(m *testing.M) {
	local.RunIfChild()
	os.Exit(m.Run())
}
