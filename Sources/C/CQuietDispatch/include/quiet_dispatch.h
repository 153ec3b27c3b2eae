#pragma once

// Does nothing; calling it links the replacement that stops libdispatch's checks of its threads once a second.
void quiet_dispatch(void);
