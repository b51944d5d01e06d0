package edit

import "testing"

func TestFromShell(t *testing.T) {
	const patch = "*** Begin Patch\n*** Delete File: a\n*** End Patch"
	const costs = "*** Begin Patch\n*** Update File: a\n@@\n-$x `y` \\n\n+it's \"z\"\n*** End Patch"
	for _, c := range []struct {
		name, cmd string
		patch     string // "" where it is no call of apply_patch alone
		dir       string
	}{
		{"quoted", "apply_patch <<'EOF'\n" + costs + "\nEOF\n", costs + "\n", ""},
		{"quoted twice", "apply_patch <<\"EOF\"\n" + costs + "\nEOF", costs + "\n", ""},
		{"a space", "apply_patch << 'PATCH'\n" + costs + "\nPATCH", costs + "\n", ""},
		{"bare", "apply_patch <<EOF\n" + costs + "\nEOF", costs + "\n", ""},
		{"bare, escaped for the shell", "apply_patch <<EOF\n-\\$x \\`y\\`\n+\\\\z\nEOF", "-$x `y`\n+\\z\n", ""},
		{"bare, some escaped", "apply_patch <<EOF\n-\\$x\n+$y\nEOF", "", ""},
		{"bare, broken for a shell", "apply_patch <<EOF\n-$(\n+`\nEOF", "-$(\n+`\n", ""},
		{"tabs", "apply_patch <<-'EOF'\n\t" + "*** Begin Patch\n\t*** Delete File: a\n\t*** End Patch\n\tEOF", patch + "\n", ""},
		{"old name", "applypatch <<'EOF'\n" + patch + "\nEOF", patch + "\n", ""},
		{"without its end", "apply_patch <<'EOF'\n" + patch, patch + "\n", ""},
		{"empty", "apply_patch <<'EOF'\nEOF", "", ""},
		{"cd", "cd src/lib && apply_patch <<'EOF'\n" + patch + "\nEOF", patch + "\n", "src/lib"},
		{"cd, quoted", "cd 'a b' && apply_patch <<'EOF'\n" + patch + "\nEOF", patch + "\n", "a b"},
		{"cd, on a line", "cd src\napply_patch <<'EOF'\n" + patch + "\nEOF", patch + "\n", "src"},
		{"cd, a semicolon", "cd src; apply_patch <<'EOF'\n" + patch + "\nEOF", patch + "\n", "src"},
		{"cd twice", "cd a && cd b && apply_patch <<'EOF'\n" + patch + "\nEOF", "", ""},
		{"cd to a variable", "cd \"$X\" && apply_patch <<'EOF'\n" + patch + "\nEOF", "", ""},
		{"cd home", "cd ~/x && apply_patch <<'EOF'\n" + patch + "\nEOF", "", ""},
		{"argument", "apply_patch '" + patch + "'", patch, ""},
		{"argument in double quotes", "apply_patch \"*** Begin Patch\n-\\\"a\\\" $b\n*** End Patch\"", "*** Begin Patch\n-\"a\" $b\n*** End Patch", ""},
		{"argument by cat", "apply_patch \"$(cat <<'EOF'\n" + costs + "\nEOF\n)\"", costs + "\n", ""},
		{"argument after cd", "cd x && apply_patch '" + patch + "'", patch, "x"},
		{"pipe", "cat <<'EOF' | apply_patch\n" + patch + "\nEOF", patch + "\n", ""},
		{"bash", "bash -lc \"apply_patch <<'EOF'\n" + patch + "\nEOF\n\"", patch + "\n", ""},

		{"another command", "ls -la", "", ""},
		{"only named", "grep apply_patch x", "", ""},
		{"nothing", "", "", ""},
		{"alone", "apply_patch", "", ""},
		{"a file", "apply_patch < x.patch", "", ""},
		{"git", "git apply <<'EOF'\n" + patch + "\nEOF # not apply_patch", "", ""},
		{"another command behind", "apply_patch <<'EOF'\n" + patch + "\nEOF\nrm -rf x", "", ""},
		{"another command joined", "apply_patch <<'EOF' && rm -rf x\n" + patch + "\nEOF", "", ""},
		{"another command before", "rm -rf x && apply_patch <<'EOF'\n" + patch + "\nEOF", "", ""},
		{"another command piped into", "rm x | apply_patch", "", ""},
		{"output redirected", "apply_patch <<'EOF' > log\n" + patch + "\nEOF", "", ""},
		{"a variable set", "X=1 apply_patch <<'EOF'\n" + patch + "\nEOF", "", ""},
		{"in the background", "apply_patch <<'EOF' &\n" + patch + "\nEOF", "", ""},
		{"negated", "! apply_patch <<'EOF'\n" + patch + "\nEOF", "", ""},
		{"in a subshell", "(apply_patch <<'EOF'\n" + patch + "\nEOF\n)", "", ""},
		{"a substitution that does something", "apply_patch \"$(rm -rf x)\"", "", ""},
		{"no shell", "apply_patch <<'EOF\n" + patch, "", ""},
		{"a later heredoc in the text", "apply_patch <<'EOF'\n+cat <<EOF2\n+x\n+EOF2\nEOF", "+cat <<EOF2\n+x\n+EOF2\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, dir, ok := FromShell(c.cmd)
			if got != c.patch || dir != c.dir || ok != (c.patch != "") && c.name != "empty" {
				t.Errorf("got %q in %q, %v", got, dir, ok)
			}
		})
	}
}
