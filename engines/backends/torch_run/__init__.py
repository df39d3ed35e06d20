"""Networks in torch: operators, programs, places. The one folder of the engine that imports it."""
