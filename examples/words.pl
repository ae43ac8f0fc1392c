#!/usr/bin/env perl
# A script in another language, named by its first line:   kbatch examples/words.pl README.md
#SBATCH --job-name=words
#SBATCH --time=5:00
use strict;
use warnings;

my %count;
while (my $line = <>) {
    $count{lc $1}++ while $line =~ /([[:alpha:]]{4,})/g;
}
my @common = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 4];
printf "%4d %s\n", $count{$_}, $_ for grep { defined } @common;
