package main

import "github.com/spf13/cobra"

// choices returns the values that a shell offers for flags, by the flag's name. `pygent
// completion` writes the script for the shell.
func choices() map[string][]string {
	return map[string][]string{
		"mode":      {"plan", "ask", "auto"},
		"log-level": {"debug", "info", "warn", "error"},
		"network":   {"none", "full"},
		"pull":      {"never", "missing"},
		"sandbox":   {"none"},
	}
}

// completeFlags sets the completion of flags in cmd and all commands below it.
func completeFlags(cmd *cobra.Command) {
	for name, values := range choices() {
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			must(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
		}
	}
	if cmd.Flags().Lookup("root") != nil {
		must(cmd.MarkFlagDirname("root"))
	}
	for _, sub := range cmd.Commands() {
		completeFlags(sub)
	}
}

// must panics at a bug in the program, such as an unknown flag.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
