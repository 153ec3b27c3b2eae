#pragma once

// Does nothing; calling it links what keeps libdispatch from looking at its threads once a second.
void quiet_dispatch(void);
