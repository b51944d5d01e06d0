package gitguard

// Identity tells who commits according to the text of a git configuration; what it
// does not set, or what git would refuse, is "". Files that it includes do not
// count. It runs no git: which program that is, PATH says, and that can lead to
// where commands write.
func Identity(config string) (name, email string) {
	all, err := parseConfig(config)
	if err != nil {
		return "", ""
	}
	for _, s := range all {
		switch s.name() {
		case "user.name":
			name = s.value
		case "user.email":
			email = s.value
		}
	}
	return name, email
}
