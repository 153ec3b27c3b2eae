#pragma once

// Does nothing; calling it links the protection, which runs before all other code of the program and its libraries.
void early_protection(void);

// Returns the program's arguments as main gets them, and their number; NULL before the protection has run.
char **early_arguments(int *count);
