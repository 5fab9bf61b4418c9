"""Copy GraphiQL's files from node_modules to where the gateway serves them; `make setup` runs it."""

import shutil

from gateway.pages import ASSET_FILES, ASSETS, PAGES

if __name__ == "__main__":
    ASSETS.mkdir(exist_ok=True)
    for name, place in ASSET_FILES.items():
        shutil.copyfile(PAGES / "node_modules" / place, ASSETS / name)
