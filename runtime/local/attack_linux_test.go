package local_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// apiKey is in the environment of the processes that TestAttacks starts.
const apiKey = "sk-attack-0123456789"

// TestAttacks runs the tests that attack, and those of faults, twice at once.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]runtimetest.As{
		"AsThisUser":     {UID: os.Getuid(), Run: "^TestInside"},
		"AsOrdinaryUser": {UID: runtimetest.OrdinaryUser, Run: "^(TestInside.*|TestConformance.*|TestToolchains)$"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as.Key = apiKey
			runtimetest.Again(t, as)
		})
	}
}

// target is the part of the host that attacks try to reach.
type target struct {
	dir              string // with a file "secret" that must stay as it is
	tcp, unix, abstr net.Listener
	udp              *net.UDPConn
}

func newTarget(t *testing.T) *target {
	t.Helper()
	g := &target{dir: t.TempDir()}
	if err := os.WriteFile(g.dir+"/secret", []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	var errs [4]error
	g.tcp, errs[0] = net.Listen("tcp", "127.0.0.1:0")
	g.unix, errs[1] = net.Listen("unix", g.dir+"/sock")
	g.abstr, errs[2] = net.Listen("unix", "@pygent-test-"+strconv.Itoa(os.Getpid()))
	g.udp, errs[3] = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _, _, _, _ = g.tcp.Close(), g.unix.Close(), g.abstr.Close(), g.udp.Close() })
	return g
}

// newRepo makes a workspace with a git repository and the attacker in it.
func newRepo(t *testing.T, level string, limits runtime.Limits) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.OpenWorkspace(t.TempDir(), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".git/hooks", ".git/objects", ".git/refs", ".git/modules/sub/hooks"} {
		if err := os.MkdirAll(ws.Dir()+"/"+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, repo := range []string{".git/", ".git/modules/sub/"} {
		for name, text := range map[string]string{"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\trepositoryformatversion = 0\n"} {
			if err := os.WriteFile(ws.Dir()+"/"+repo+name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtimetest.CopyProgram(t, "/proc/self/exe", ws.Dir()+"/attacker")
	rt := runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: t.TempDir(), Limits: limits}), runtime.Options{})
	cleanup(t, rt)
	return rt
}

func insideOnly(t *testing.T) {
	t.Helper()
	if !runtimetest.Inside() {
		t.Skip("TestAttacks runs it")
	}
}

func TestInsideAttacks(t *testing.T) {
	insideOnly(t)
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		t.Run(level, func(t *testing.T) { attackLevel(t, level) })
	}
}

func attackLevel(t *testing.T, level string) {
	g := newTarget(t)
	rt := newRepo(t, level, runtime.Limits{})
	pid := strconv.Itoa(os.Getpid())
	tries := []string{
		"write " + g.dir + "/new", "write " + g.dir + "/secret", "write /etc/pygent-test", "write /usr/pygent-test",
		"read " + g.dir + "/secret", "truncate " + g.dir + "/secret", "link " + g.dir + "/secret",
		"read /proc/" + pid + "/environ", "read /proc/" + pid + "/mem", "read /etc/shadow",
		"dial tcp " + g.tcp.Addr().String(), "dial udp " + g.udp.LocalAddr().String(), "dial udp 8.8.8.8:53", "dial tcp 8.8.8.8:53",
		"dial unix " + g.dir + "/sock", "dial unix @" + strings.TrimPrefix(g.abstr.Addr().String(), "@"),
		"dial unix /var/run/docker.sock", "dial unix /run/docker.sock", "dial unix /run/containerd/containerd.sock",
		"kill " + pid, "ptrace", "umount", "prlimit " + pid,
	}
	for _, try := range tries {
		res := rt.Bash(t.Context(), "./attacker "+attackArg+" "+try, runtime.BashOptions{})
		if strings.Contains(res.Text, broken) || !strings.Contains(res.Text, "held: ") {
			t.Errorf("%s", res.Text)
		}
	}
	tryTable(t, rt)
	for _, cmd := range []string{
		"ln -s " + g.dir + " out && echo owned >out/secret",
		"ln -sf " + g.dir + "/secret file && cat file",
		"env | grep " + apiKey,
		"cat /proc/[0-9]*/environ 2>/dev/null | grep -a " + apiKey,
		"cat /proc/$PPID/environ 2>/dev/null | grep -a " + apiKey,
		"ls " + g.dir,
		"cat ~/.ssh/id_rsa ~/.netrc 2>/dev/null",
	} {
		if res := rt.Bash(t.Context(), cmd, runtime.BashOptions{}); *res.ExitCode == 0 {
			t.Errorf("worked: %s", res.Text)
		}
	}
	gitAttacks(t, rt, level)
	if text, err := os.ReadFile(g.dir + "/secret"); err != nil || string(text) != "secret" {
		t.Errorf("the file outside: %q, %v", text, err)
	}
	if _, err := os.Stat(g.dir + "/new"); err == nil {
		t.Error("a file was made outside")
	}
	_ = g.udp.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := g.udp.Read(make([]byte, 10)); err == nil {
		t.Errorf("%d bytes came by UDP", n)
	}
}

// tryTable tries the attacks that are tried in every sandbox. The supervisor is
// the parent of the shell.
func tryTable(t *testing.T, rt *runtime.Runtime) {
	t.Helper()
	res := rt.Bash(t.Context(), "./attacker "+attackArg+" table $PPID", runtime.BashOptions{})
	for _, a := range runtimetest.Attacks() {
		if !strings.Contains(res.Text, "\n"+runtimetest.Held+" "+a.Name+": ") {
			t.Errorf("%s was achieved, or not tried", a.Name)
		}
	}
	if t.Failed() {
		t.Log(res.Text)
	}
}

// gitAttacks plant files that git on the host would run. Level medium cannot
// prevent them: Landlock has no exceptions inside a writable directory.
func gitAttacks(t *testing.T, rt *runtime.Runtime, level string) {
	t.Helper()
	if level != runtime.SandboxStrong {
		return
	}
	if res := rt.Bash(t.Context(), "echo ref >.git/refs/new && mkdir .git/objects/aa && test -s .git/config", runtime.BashOptions{}); *res.ExitCode != 0 {
		t.Errorf("git itself must work: %s", res.Text)
	}
	for _, cmd := range []string{
		"echo x >>.git/config", "rm .git/config", "echo x >c && mv c .git/config", "ln -f attacker .git/config",
		"echo x >.git/hooks/post-checkout", "rmdir .git/hooks", "mv .git/hooks .git/h", "chmod 777 .git/hooks", "mv .git .g",
		"echo /tmp >.git/commondir", "rm .git/commondir", "ln -s /tmp .git/commondir", "echo x >c && mv c .git/commondir", "mkdir .git/modules/sub/commondir",
		"echo x >>.git/modules/sub/config", "echo x >.git/modules/sub/hooks/update", "rm -rf .git",
	} {
		if res := rt.Bash(t.Context(), cmd, runtime.BashOptions{}); *res.ExitCode == 0 {
			t.Errorf("worked: %s", res.Text)
		}
	}
}

// TestInsideDevelopmentServer: one command serves, a later one is its client,
// and both reach nothing else.
func TestInsideDevelopmentServer(t *testing.T) {
	insideOnly(t)
	rt := newRepo(t, runtime.SandboxStrong, runtime.Limits{})
	j, err := rt.Start("./attacker "+attackArg+" serve", runtime.JobOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(j.State().Result.Text, "listening"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s", j.State().Result.Text)
		}
	}
	res := rt.Bash(t.Context(), "./attacker "+attackArg+" get 127.0.0.1:8321", runtime.BashOptions{})
	if !strings.Contains(res.Text, "got hello") {
		t.Errorf("%s", res.Text)
	}
	if _, err := net.DialTimeout("tcp", "127.0.0.1:8321", time.Second); err == nil {
		t.Error("the host reaches the port")
	}
}

func TestInsideLimits(t *testing.T) {
	insideOnly(t)
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		t.Run(level, func(t *testing.T) {
			rt := newRepo(t, level, runtime.Limits{MemoryBytes: 128 << 20, PIDs: 100, FileBytes: 10 << 20})
			limitMemory(t, rt)
			res := rt.Bash(t.Context(), "head -c 20000000 /dev/zero >big; wc -c <big", runtime.BashOptions{})
			if !strings.Contains(res.Text, "\n10485760\n") {
				t.Errorf("%s", res.Text)
			}
			if rt.Info().Limits.PIDs == 0 {
				t.Skip("the number of processes cannot be limited here")
			}
			forkBomb(t, rt)
		})
	}
}

// limitMemory: either a control group limits memory or the supervisor, which
// denies the last two kinds; the test cannot know which.
func limitMemory(t *testing.T, rt *runtime.Runtime) {
	t.Helper()
	for _, kind := range []string{"memory", "sharedmemory", "memfd"} {
		res := rt.Bash(t.Context(), "./attacker "+attackArg+" "+kind+" 1000000000", runtime.BashOptions{})
		t.Logf("limits %+v, %s: %.200q out of memory %t", rt.Info().Limits, kind, res.Text, res.OutOfMemory)
		if strings.Contains(res.Text, broken) || kind != "memfd" && !res.OutOfMemory {
			t.Errorf("%s", res.Text)
		}
	}
	held := rt.Bash(t.Context(), "./attacker "+attackArg+" memfd 1", runtime.BashOptions{}).Text
	if segment := rt.Bash(t.Context(), "./attacker "+attackArg+" segment 1000000", runtime.BashOptions{}).Text; strings.Contains(held, "not implemented") && !strings.Contains(segment, "held: ") {
		t.Errorf("%s\n%s", held, segment)
	}
}

func forkBomb(t *testing.T, rt *runtime.Runtime) {
	t.Helper()
	done := make(chan runtime.Result, 1)
	go func() {
		done <- rt.Bash(t.Context(), "f() { f | f & }; f; sleep 100", runtime.BashOptions{Timeout: 2 * time.Second})
	}()
	for len(done) == 0 {
		if err := exec.Command("true").Run(); err != nil {
			t.Errorf("the host cannot fork: %v", err)
			break
		}
	}
	begin := time.Now()
	if res := <-done; time.Since(begin) > 3*time.Second || res.Err != nil {
		t.Errorf("%v after the end: %.300s", time.Since(begin), res.Text)
	}
	if res := rt.Bash(t.Context(), "echo fine", runtime.BashOptions{}); !strings.HasSuffix(res.Text, "\nfine\n") {
		t.Errorf("afterwards: %s", res.Text)
	}
}

// TestInsideKilledOwner: when the server is killed, nothing of its commands is
// left two seconds later.
func TestInsideKilledOwner(t *testing.T) {
	insideOnly(t)
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium, runtime.SandboxNone} {
		t.Run(level, func(t *testing.T) {
			mark := fmt.Sprintf("98765.%d", time.Now().UnixNano())
			owner := exec.Command("/proc/self/exe", "-test.run=^TestOwner$")
			owner.Env = append(os.Environ(), "PYGENT_TEST_OWNER="+level, "PYGENT_TEST_MARK="+mark)
			owner.Dir = t.TempDir()
			if err := owner.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(20 * time.Second); running(mark) < 3; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the commands did not start")
				}
			}
			_ = owner.Process.Kill()
			_ = owner.Wait()
			begin := time.Now()
			for running(mark) > 0 && time.Since(begin) < 2*time.Second {
				time.Sleep(5 * time.Millisecond)
			}
			if n := running(mark); n > 0 {
				t.Errorf("%d processes are left", n)
			}
			t.Logf("all gone after %v", time.Since(begin))
		})
	}
}

// TestOwner is the server that TestInsideKilledOwner kills.
func TestOwner(t *testing.T) {
	level := os.Getenv("PYGENT_TEST_OWNER")
	if level == "" {
		t.Skip("TestInsideKilledOwner runs it")
	}
	rt := newConfined(t, level)
	s := "sleep " + os.Getenv("PYGENT_TEST_MARK")
	rt.Bash(t.Context(), s+" & setsid "+s+" & (env -i setsid /bin/"+s+" >/dev/null 2>&1 &); wait", runtime.BashOptions{Timeout: time.Hour})
}

// running counts the processes on this machine that have mark as an argument.
func running(mark string) (n int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.HasPrefix(line[bytes.IndexByte(line, 0)+1:], []byte(mark)) {
			n++
		}
	}
	return n
}
