package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
)

func manCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page",
		Long:    "Man prints the manual page pygent(1) of this program: its commands, flags and\nsettings.",
		Example: "  pygent man | man -l -",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(std.out, manual(cmd.Root()))
			return err
		},
	}
}

// manual returns the manual page in man(7) macros.
func manual(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH PYGENT 1 \"\" \"pygent %s\" \"User Commands\"\n", roff(version()))
	fmt.Fprintf(&b, ".SH NAME\npygent \\- %s\n", roff(strings.ToLower(root.Short[:1])+root.Short[1:]))
	b.WriteString(".SH SYNOPSIS\n.B pygent\n[\\fIcommand\\fR] [\\fIflags\\fR]\n.SH DESCRIPTION\n")
	paragraphs(&b, root.Long)
	b.WriteString(".SH COMMANDS\n")
	manCommands(&b, root)
	b.WriteString(".SH FLAGS OF ALL COMMANDS\n")
	manFlags(&b, root.PersistentFlags())
	b.WriteString(".SH SETTINGS\nSettings in pygent.toml, each with the variable and the flags that override it.\n")
	for _, s := range config.Settings() {
		name := s.Name
		if s.InFile && s.Env != "" {
			name += ", " + s.Env
		}
		if s.Flag != "" {
			name += ", --" + s.Flag
		}
		text := s.Doc
		if s.Default != "" {
			text += " Default: " + s.Default + "."
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(name), roff(text))
	}
	return b.String()
}

func manCommands(b *strings.Builder, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			continue
		}
		fmt.Fprintf(b, ".SS %s\n", roff(cmd.CommandPath()+strings.TrimPrefix(cmd.Use, cmd.Name())))
		paragraphs(b, cmp.Or(cmd.Long, cmd.Short+"."))
		if cmd.Example != "" {
			fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(cmd.Example))
		}
		manFlags(b, cmd.LocalNonPersistentFlags())
		manCommands(b, cmd)
	}
}

func manFlags(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(name), roff(usage))
	})
}

// paragraphs writes text and keeps the lines of indented blocks.
func paragraphs(b *strings.Builder, text string) {
	for part := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(part, " ") {
			fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(part))
		} else {
			fmt.Fprintf(b, ".PP\n%s\n", roff(part))
		}
	}
}

// roff escapes the special characters of troff.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
