// Package trial measures the agent instead of the model. It has two parts:
//
//   - Faults are calls of the editing tools as models really write them, most of
//     them faulty. A right tool makes exactly the change that the call asks for, or
//     refuses it with words that help; it never changes anything else.
//   - Jobs are small tasks in small trees of files, each with a check. A scripted
//     model does them as models do: it looks, errs, reads what the tool says and
//     corrects itself. The same jobs run against a real model.
//
// Both are files of testdata, in the txtar format with flags; README.md describes
// it. The package is for tests and for make trial only.
package trial
