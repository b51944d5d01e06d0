#!/bin/sh
# Prints "COUNT WORD" for each word of standard input: most frequent first, and
# words with the same count in alphabetical order. Case does not matter.
tr -cs 'A-Za-z' '\n' |
	grep -v '^$' |
	sort |
	uniq -c |
	sort -k1,1n -k2,2 |
	while read -r count word; do
		echo "$count $word"
	done
