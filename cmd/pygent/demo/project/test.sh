#!/bin/sh
# Runs wordcount.sh on small texts and compares. Exit code 1 when one differs.
failed=0

check() { # name, input, expected output
	actual=$(printf '%s' "$2" | sh ./wordcount.sh)
	if [ "$actual" = "$3" ]; then
		echo "ok   $1"
	else
		failed=1
		echo "FAIL $1"
		echo "  expected: $(echo "$3" | tr '\n' ';')"
		echo "  actual:   $(echo "$actual" | tr '\n' ';')"
	fi
}

check "one word" "hello" "1 hello"
check "most frequent first" "b a b c b a" "3 b
2 a
1 c"
check "case does not matter" "The the THE end" "3 the
1 end"
check "punctuation" "so, so; so!" "3 so"
check "nothing" "" ""

exit $failed
