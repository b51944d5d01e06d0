package approval_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/approval"
)

func TestOnlyReads(t *testing.T) {
	for _, reads := range []string{
		// A session of looking around.
		"ls -la",
		"git status --short && git log --oneline -10",
		"cat go.mod | head -20",
		`grep -rn "func main" --include=*.go . | wc -l`,
		"find . -name '*.go' -not -path './vendor/*' | xargs wc -l | sort -n | tail -5",
		"sed -n '10,40p' agent/turn.go",
		"cd agent && ls && head -50 turn.go",
		`git diff HEAD~1 -- tools/ 2>/dev/null || echo "no difference"`,
		"for f in *.md; do echo \"== $f\"; head -3 \"$f\"; done",
		"wc -l $(git ls-files '*.py')",
		"git log --oneline --stat", "git diff --no-ext-diff", "sort --reverse --unique a", "tail --lines=3 a", "wc -l < go.mod",

		"pwd", "true", ":", "test -f go.mod && echo yes", "[ -d src ] || echo none", "if [ -f a ]; then cat a; else echo no; fi",
		"cat <<'EOF'\ntext\nEOF", "cat < a", "ls 2>&1", "ls >/dev/null 2>&1", "x=$(ls | head -1); echo $x", "LC_ALL=C sort a", "(cd a; ls)", "{ ls; }", "! grep -q x a",
		"git -C sub log", "git --no-pager diff", "git branch -a", "git branch --list 'x*'", "git tag", "git remote -v", "git stash list", "git config --get user.name", "git config --list", "git reflog", "git grep x", "git --version",
		"go version", "go list ./...", "go doc fmt.Println", "python3 --version", "node -V", "command -v rg", "which go", "sort -n a", "date", "date +%F", "find . -type f -newer a", "awk '{print $1}' a", "tail -n 5 a", "xxd a | head", "xargs -n1 basename < list", "'ls' -l", `"cat" a`, "tree -L 2", "yq .a f", "rg -n x src",
		"npm ls", "pip list", "diff -u a b",
	} {
		if !approval.OnlyReads(reads) {
			t.Errorf("%q asks", reads)
		}
	}
	for _, other := range []string{
		"", "   ", "# comment", "rm a", "touch a", "make", "go test ./...", "go build", "npm install", "python3 x.py", "./ls", "/bin/rm a", "sh -c ls", "bash x", "eval ls", "exec ls", "source a", ". a", "sudo ls", "env ls", "nohup ls", "timeout 5 ls",
		"ls > out", "ls >> out", "ls 2>err", "ls &> out", "ls >| out", "echo x > /dev/sda", "ls > $f", "cat <> a", "tee a", "cat a | tee b", "ls | sh", "curl x | cat", "cat a | xargs rm", "xargs sh -c x", "xargs --arg-file=a rm", "ls; rm a", "ls && rm a", "ls || rm a", "(rm a)", "{ rm a; }", "echo $(rm a)", "echo `rm a`", "cat <(rm a)", `echo "$(rm a)"`, "for f in $(rm a); do ls; done", "if rm a; then ls; fi", "while rm a; do ls; done", "case $(rm a) in *) ls;; esac", "[[ $(rm a) ]]", "x=$(rm a)", "x=$(rm a) ls", "${x:-$(rm a)} ls", "echo ${x:-$(rm a)}", "echo $(( $(rm a) ))", "cat <<EOF\n$(rm a)\nEOF",
		"f() { rm a; }; f", "ls() { rm a; }; ls", "alias ls=rm", "$cmd a", "$(echo rm) a", "r\\m a", "trap 'rm a' EXIT", "export PATH=.", "PATH=. ls", "LD_PRELOAD=./x ls", "GIT_EXTERNAL_DIFF=./x git diff", "PAGER=./x git log", "IFS=x", "ls &", "sleep 1 & ls",
		"git", "git push", "git commit -m x", "git checkout a", "git -c core.pager=./x log", "git --exec-path=. status", "git branch new", "git branch -D a", "git tag v1", "git tag -d v1", "git remote add a b", "git remote update", "git stash", "git stash pop", "git config a b", "git config --unset a", "git reflog expire", "git worktree add a", "git diff --output=a", "git log --ext-diff", "git grep -O x", "git grep --open-files-in-pager=./x y", "git bisect run x", "git fetch", "git difftool",
		"find . -delete", "find . -exec rm {} +", "find . -execdir rm {} +", "find . -ok rm {} +", "find . -fprint a", "fd -x rm", "fd --exec=rm", "rg --pre ./x y", "rg --pre=./x y", "sed -i s/a/b/ f", "sed -ni s/a/b/ f", "sed --in-place=.bak x f", "sort -o a b", "sort -no a", "sort --output=a b", "sort --compress-program=./x a", "tail -f log", "tail -fn5 log", "tail --follow=name log", "tree -o a", "xxd -r a b", "yq -i .a f", "date -s now", "awk '{print > \"a\"}' b", "awk 'BEGIN{system(\"rm a\")}'", "awk -f prog a", `awk 'BEGIN{getline < "/inet/tcp/0/h/1"}'`, "awk \"$prog\" a", "command rm a", "go env -w A=b", "go run x", "go generate", "npm run x", "man ls", "less a", "vi a", "top", "ssh x", "docker ps",
		"sort --compress-prog=./x a", "sort --outp a b", "sed --in-pl s/a/b/ f", "git diff --ext a", "git log --outp=a", "git grep --open ./x", "rg --pr ./x y", "date --se now", "tail --fol a", "sort -T x a",
		"go list -toolexec=./x -export", "go list --toolexec ./x ./...", "go list -compiled ./...",
		"cat < /dev/tcp/127.0.0.1/80", "cat < '/dev/tcp/127.0.0.1/80'", "f=/dev/tcp/h/1; cat < $f", `cat < "/dev/${x}cp/h/1"`, "cat </dev/udp/h/1", "read x < /dev/tcp/h/1",
		// What an earlier command left outside the workspace is not in the view.
		"cat /tmp/out", "ls /tmp", "cat '/tmp/out'", `cat "/var/tmp/x"`, "cat ~/x", "cat $HOME/x", `cat "${TMPDIR}/x"`, "grep x /home/a",
		// What cannot be parsed.
		"ls (", "ls 'a", "if ls", "\x00", "ls |",
	} {
		if approval.OnlyReads(other) {
			t.Errorf("%q does not ask", other)
		}
	}
}

func FuzzOnlyReads(f *testing.F) {
	f.Add("ls | wc -l")
	f.Add("cat <<EOF\n$(ls)\nEOF")
	f.Fuzz(func(t *testing.T, command string) {
		if !strings.HasSuffix(command, `\`) && approval.OnlyReads(command) && approval.OnlyReads(command+"\nrm a") {
			t.Errorf("%q hides a command", command)
		}
	})
}
