"""What ``solve`` leaves behind: files for programs, one page for people."""
