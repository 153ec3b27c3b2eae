#pragma once

// Does nothing; calling it links what protects the process before any other code of the program or its libraries runs.
void early_protection(void);
