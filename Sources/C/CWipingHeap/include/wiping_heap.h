#pragma once

// Does nothing; calling it links what clears every block of the heap when it is released.
void wiping_heap(void);
