#pragma once

// Does nothing; calling it links the protection, which runs before all other code of the program and its libraries.
void early_protection(void);
