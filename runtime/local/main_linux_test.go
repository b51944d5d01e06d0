package local_test

import (
	"os"
	"testing"

	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	local.RunIfChild()
	if len(os.Args) > 2 && os.Args[1] == attackArg {
		os.Exit(attack(os.Args[2], os.Args[3:]))
	}
	if len(os.Args) > 2 && os.Args[1] == runtimetest.SocketArg {
		os.Exit(runtimetest.SocketProgram(os.Args[2:], os.Stdout))
	}
	os.Exit(m.Run())
}
