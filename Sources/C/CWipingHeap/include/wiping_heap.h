#pragma once

// Does nothing; calling it links the wiping heap, which clears every block when it is released.
void wiping_heap(void);
